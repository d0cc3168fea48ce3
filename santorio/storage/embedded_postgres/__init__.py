"""The PostgreSQL server that comes along: started, watched and stopped by Santorio."""
