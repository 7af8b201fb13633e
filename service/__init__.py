"""The product: what a request becomes, and how plan and tracker are kept in step."""
