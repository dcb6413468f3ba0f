"""The vocabulary that every room shares. Nothing of ours stands below it; of libraries only attrs and cattrs."""
