"""What a pipeline promises: the contract, how it is loaded, the window of a command."""
