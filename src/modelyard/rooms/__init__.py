"""One room per concept; .importlinter holds their order."""
