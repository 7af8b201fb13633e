"""What is kept: tables, transactions, migrations, inbox, campaigns, links, hooks, people, ledger, secrets."""
