package insights

// Error says which parameter cannot be used and why. It never quotes a value, and it is the only error of this package.
type Error struct {
	Param  string // by its name, such as "leadTime.mean"
	Reason string // such as "is required"
}

func (e *Error) Error() string { return "insights: " + e.Param + " " + e.Reason }

func refuse(param, reason string) error { return &Error{Param: param, Reason: reason} }
