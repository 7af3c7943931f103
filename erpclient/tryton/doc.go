// Package tryton speaks to a Tryton 6.0 ERP over its JSON-RPC: orders, their lines and productions, shipments, goods and
// warehouses, goods booked in and out, new sales orders, and purchases that wait for approval.
//
// Every bound person asks with a session of their own, so that Tryton's groups and record rules decide what is seen; where
// the caller's scope names a customer, every question is narrowed to that customer besides. Records are always searched for,
// never read by id: one that may not be seen is then just not found.
//
// The package makes one attempt per call and tells by kind what went wrong, from the body: a 200 may be a refusal. Its
// errors name the class of what Tryton said and never Tryton's words, which have file paths, SQL and whole schemas in
// them. Retrying, renewing a session and locking documents is done above it.
//
// Tryton runs one Python process and closes every connection: more calls at a time give less, not more. Two to four
// operations in flight (erp.max_in_flight) are what it bears.
package tryton
