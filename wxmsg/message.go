package wxmsg

import "errors"

// Message is a subscribe message to one user.
type Message struct {
	OpenID     string
	TemplateID string
	Page       string            // of the mini-program, opened by a tap on the card; "" makes the card dead
	State      string            // developer, trial or formal; "" is formal
	Lang       string            // zh_CN, en_US, zh_HK or zh_TW; "" is zh_CN
	Data       map[string]string // value by keyword, such as thing1
}

// Fate is what a failed send means for its message.
type Fate string

// The fates of a send that did not succeed.
const (
	FateRetry   Fate = "retry"   // WeChat certainly did not take it and may take it later
	FatePause   Fate = "pause"   // nobody's messages are taken until the error's RetryAfter is over, or an admin acts
	FateRefused Fate = "refused" // the user does not want it: never again, and their credits are gone
	FateFailed  Fate = "failed"  // never: the message itself or our configuration is wrong
	FateUnknown Fate = "unknown" // it was written out and no answer came: it must not be sent again
)

// FateOf tells the fate of the message whose send returned err. An error that is not this package's came before WeChat
// was asked: retry.
func FateOf(err error) Fate {
	var e *Error
	if !errors.As(err, &e) {
		return FateRetry
	}
	return e.fate()
}

func (e *Error) fate() Fate { return FateFailed }
