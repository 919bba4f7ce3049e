"""The one approval engine, as pure rules: who may decide, what a decision comes to, when time is up, what is bound."""
