"""What a feed's rows are: pandera models in CSVFields order, and the judge made from them."""
