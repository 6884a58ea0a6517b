"""The customer card in the contact centre: its documents, who is meant by customerId, and its serving."""
