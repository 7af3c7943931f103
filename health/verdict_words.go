package health

import (
	"fmt"
	"time"
)

// Words say one thing twice, for Chinese and for English readers.
type Words struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// kindWords are the kinds of this package in words; those that checks name themselves are in Config.Words.
var kindWords = map[string]Words{
	KindTimeout: {"没有及时回答", "no answer in time"},
	KindRefused: {"拒绝连接", "connection refused"},
	KindReset:   {"连接被切断", "connection cut"},
	KindDNS:     {"域名解析失败", "name not found"},
	KindTLS:     {"TLS 或证书错误", "TLS or certificate"},
	KindPanic:   {"探测程序出错", "a defect in the probe"},
	KindError:   {"出错", "an error"},
}

// wordsOf is a kind for people; one that nobody gave words to is shown as it is.
func (m *Monitor) wordsOf(kind string) Words {
	for _, known := range []map[string]Words{kindWords, m.words} {
		if words, ok := known[kind]; ok {
			return words
		}
	}
	return Words{kind, kind}
}

func sayDown(kind Words, r Result, v Verdict) Words {
	words := Words{
		fmt.Sprintf("探测失败：%s（连续 %d 次）", kind.ZH, r.Failures),
		fmt.Sprintf("the probe fails: %s (%d in a row)", kind.EN, r.Failures),
	}
	if v.Failures > 0 {
		words.ZH += fmt.Sprintf("；最近 30 秒 %d 次真实调用中有 %d 次失败", v.Calls, v.Failures)
		words.EN += fmt.Sprintf("; %d of %d real calls of the last 30 s failed", v.Failures, v.Calls)
	}
	return words
}

func sayOnlyProbe(kind Words, calls, failures int, window time.Duration) Words {
	seconds := int(window.Seconds())
	return Words{
		fmt.Sprintf("探测失败（%s），但真实调用正常：最近 %d 秒 %d 次中有 %d 次失败", kind.ZH, seconds, calls, failures),
		fmt.Sprintf("the probe fails (%s), but real calls are fine: %d of %d of the last %d s failed", kind.EN, failures, calls, seconds),
	}
}

func saySick(v Verdict, probe State) Words {
	percent := 100 * failing(v.Calls, v.Failures)
	words := Words{
		fmt.Sprintf("探测正常，但最近 30 秒 %d 次真实调用中有 %d 次失败（%.0f%%）", v.Calls, v.Failures, percent),
		fmt.Sprintf("the probe is fine, but %d of %d real calls of the last 30 s failed (%.0f %%)", v.Failures, v.Calls, percent),
	}
	if probe == Unknown {
		words.ZH = fmt.Sprintf("没有探测结果；最近 30 秒 %d 次真实调用中有 %d 次失败（%.0f%%）", v.Calls, v.Failures, percent)
		words.EN = fmt.Sprintf("no probe; %d of %d real calls of the last 30 s failed (%.0f %%)", v.Failures, v.Calls, percent)
	}
	return words
}

func sayUnknown(r Result) Words {
	if r.CheckedAt.IsZero() {
		return Words{"尚未探测", "not looked at yet"}
	}
	return Words{
		fmt.Sprintf("已有 %.0f 秒没有探测结果", r.Age.Seconds()),
		fmt.Sprintf("no look for %.0f s", r.Age.Seconds()),
	}
}
