//go:build race

package erpclient_test

// raceDetector is on: everything takes five times as long, so that the largest runs are cut.
const raceDetector = true
