"""PostGIS: addresses and connections, tables read as rows, tables replaced whole."""
