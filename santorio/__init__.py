"""The library: everything that can be understood, called and tested without an orchestrator."""
