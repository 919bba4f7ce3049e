"""The watch bill: when, where and with which order each flow runs, and the engine that makes it so."""
