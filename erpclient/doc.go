// Package erpclient is what the gateway asks of an ERP, and the client that makes any ERP bearable.
//
// The package has two halves. The vocabulary (Order, Material, Delivery, Identity, Error and its kinds) is how the rest
// of the house speaks about an ERP. The Client puts one deadline, bounded retries, a circuit breaker and a shared ERP
// login around a Driver, which knows one ERP's wire protocol and nothing of resilience.
// What changes something at the ERP leaves once, and the error tells whether it is settled. Two systems, such as an ERP
// and a warehouse's, are two Clients with names.
//
// The package never stores business data, never decides who is calling (the caller hands in an Identity taken from a
// session's binding), and never lets an ERP's own words leave the house: texts travel in Error.Err, which is for logs.
package erpclient
