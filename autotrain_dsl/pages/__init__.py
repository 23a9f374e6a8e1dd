"""Pages for people: a colony, its mice and its curriculums, as files that open without a server or a network."""
