// Package snowbeasts speaks the wire protocol of the Snowbeasts ERP: the two-step cookie login, the form lists under
// /business/, and the lenient values in their rows.
//
// It makes one attempt per call and tells by kind what went wrong; retrying, renewing a session, caching answers and
// deciding who is calling is done above it. The one thing it keeps is the list of logistics companies, which is base
// data and the same for every account. It writes stock records, sales orders and
// decisions on purchases, each in one call that it never repeats.
//
// The protocol is read from a public client of the live service, so not everything is certain. What is guessed is said
// at the place that guesses; form ids and column names, which differ per installation, are configuration (Forms).
package snowbeasts
