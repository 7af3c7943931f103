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
// was asked: retry. After FatePause a RetryAfter of 0 means until an admin acts.
func FateOf(err error) Fate {
	var e *Error
	if !errors.As(err, &e) {
		return FateRetry
	}
	return e.fate()
}

// fates are those that the kind alone decides. Each of them was WeChat's own answer: it has not taken the message.
var fates = map[Kind]Fate{
	KindBusy:          FateRetry,
	KindConcurrent:    FateRetry,
	KindRateLimited:   FateRetry,
	KindToken:         FateRetry,
	KindQuota:         FatePause,
	KindBanned:        FatePause,
	KindMisconfigured: FatePause,
	KindNoConsent:     FateRefused,
}

// fate of a message whose send, or what had to come before it, returned e.
func (e *Error) fate() Fate {
	if e.Op != opSend || e.unsent {
		return FateRetry
	}
	if fate, decided := fates[e.Kind]; decided {
		return fate
	}
	if e.ErrCode == 0 { // cut off, late, an HTTP status of somebody in between, or nothing one could read
		return FateUnknown
	}
	return FateFailed // WeChat said no, if perhaps with an errcode we do not know
}
