"""What a batch script does that will not do on MLSpace what its author wants, and what would. Pure: text in, values out."""
