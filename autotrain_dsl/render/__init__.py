"""Pictures of curriculums: the graph of stages and the table of parameters, in several formats."""
