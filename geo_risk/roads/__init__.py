"""Questions over the road network that need layers, results and models together: one module a question."""
