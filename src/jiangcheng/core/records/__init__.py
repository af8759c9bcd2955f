"""The desk `records`: typed registers with a life cycle, from one model and one declaration each."""
