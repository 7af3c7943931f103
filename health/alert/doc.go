// Package alert wakes people: it takes what is wrong (Raise) and what is over (Clear), and tells the chat groups of WeCom,
// DingTalk and Feishu, or any JSON webhook, once however many replicas there are.
//
// What is raised again while it lasts is not told again, but reminded of every hour, and told as over with its duration. A
// webhook gets at most 18 messages a minute, the rest in digests; one that fails is tried again and can be seen (Status).
// Maintenance windows keep quiet what is expected. Rules turns verdicts and gauges into alerts.
//
// A webhook's URL and secret are credentials: they are in no log, no error and no answer of this package. Texts are for
// people, Chinese first and English on the line below; nothing secret must be put into them. The package decides nothing about
// a caller's request and stops nothing: an alert that cannot be delivered delays nobody.
package alert
