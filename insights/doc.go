// Package insights turns an ERP's figures into a small merchant's: how much to order and when (economic order quantity,
// safety stock, reorder point), which products earn the money (ABC classes), and what was sold per day, week or month.
//
// Everything in it is a pure function of its arguments: it asks nobody, stores nothing and knows no clock. Sums of money
// and quantities are exact; only what statistics makes irrational (roots, normal quantiles) passes through float64 and is
// rounded to four places. Each result carries the inputs it was made of and its formulas as text, so that a person can
// check it with a pocket calculator. All functions are safe for concurrent use.
package insights
