package erpclient

// Identity is on whose behalf the ERP is asked. It comes from a session's binding and from nowhere else. It holds no
// secret and may be logged by Key only after hashing.
type Identity struct {
	// Owner finds the credentials again when the ERP has to be logged in to; "" for the service account.
	Owner string
	// BindingID tells one binding from the next; last good answers are kept per binding. "": none are kept.
	BindingID string
	// Account is the ERP account that asks; "" is the service account, which asks for one customer only.
	Account string
	// Proof is the fingerprint of the secret that the binding was made with (Bound.Proof). A session made with another
	// secret is not this identity's: after a password change, whoever was bound with the old one is out.
	Proof string
	// CustomerID narrows every answer; "" leaves it to the ERP's permissions for Account.
	CustomerID string
}

// Scope is the identity's narrowing.
func (id Identity) Scope() Scope { return Scope{CustomerID: id.CustomerID} }

// Key is equal for identities that see the same: answers may be shared inside it and never across it.
func (id Identity) Key() string { return params(id.Account, id.CustomerID, id.Proof) }
