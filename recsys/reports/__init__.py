"""Reports: kept cases as one HTML file that opens without a network and without the app."""
