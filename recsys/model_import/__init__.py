"""Import of models made elsewhere: readers of files, one door a module, each returning models of a dataset."""
