"""The tables of a colony: what their columns mean, checked where they come in and written where they go out."""
