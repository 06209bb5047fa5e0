"""Read-outs of datasets, models and timelines: results that figures and pages show."""
