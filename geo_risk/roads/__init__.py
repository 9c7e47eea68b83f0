"""Questions over the road network for which layers, models, results and routes meet."""
