"""The paper's statements (experiments/claims.yaml), tested on whatever ran. Never imports torch."""
