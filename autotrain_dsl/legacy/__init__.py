"""Files of the older system: read into the language, and written for rigs and pages that know nothing else."""
