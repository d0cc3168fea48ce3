"""The embedded server, the engine, COPY and the migrations."""
