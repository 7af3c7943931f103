//go:build !race

package erpclient_test

const raceDetector = false
