"""Seeds from which tasks are put together without a model: domains, personas, scenarios. Written by hand, as YAML."""
