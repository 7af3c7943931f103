// Package psi speaks to a purchase-sale-inventory system with a small REST interface: a product by its bar code, the
// warehouses, a page of stock, and one call that writes goods down as come or gone. Every answer is an envelope
// {code, message, data}, and the code in it decides as much as the HTTP status: with such systems 200 is often a failure.
//
// It makes one attempt per call and tells by kind what went wrong; retrying, renewing a session and caching is done above
// it. It never reads an order, and it never hands the system's own words to a caller.
package psi
