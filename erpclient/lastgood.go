package erpclient

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// AnswerStore keeps the last good answers of bindings, sealed, bounded in number, and erased with the binding.
type AnswerStore interface {
	// SaveAnswers keeps answers in one step. After an error some of them may be kept. They are only lent: when it returns,
	// their bytes are used again.
	SaveAnswers(ctx context.Context, answers []KeptAnswer, ttl time.Duration) error
	// LoadAnswer returns what is kept; ok is false when there is nothing.
	LoadAnswer(ctx context.Context, bindingID, question string) (answer []byte, ok bool, err error)
}

// KeptAnswer is an answer that is to be kept.
type KeptAnswer struct {
	BindingID, Question string
	Answer              []byte
}

const (
	// staleFor is how old a last good answer may be: old enough to bridge a restart of the ERP, young enough that an
	// order's status is still worth reading.
	staleFor = 10 * time.Minute
	// saveEvery spares Redis: an answer a minute younger is no better when the ERP is down.
	saveEvery = time.Minute
	// maxSaves bounds the answers that wait to be kept; beyond it they are not kept.
	maxSaves = 512
	// maxTogether bounds the answers that are saved in one step, and maxBytesTogether their size.
	maxTogether      = 32
	maxBytesTogether = 512 << 10
	// gatherFor is how long answers gather between two steps, unless there are enough. The first after a while does not wait.
	gatherFor = 10 * time.Millisecond
	// maxKept bounds an answer's size in bytes; a page of 100 orders is about 50 KiB.
	maxKept = 256 << 10
)

// lastGood keeps answers beside the requests and finds them again when every channel has failed. The key is the
// binding and the question, so nobody is shown another's answer. Safe for concurrent use.
type lastGood struct {
	system string // the Client's Name
	store  AnswerStore
	now    func() time.Time
	log    *slog.Logger
	saves  chan save

	mu    sync.Mutex
	saved map[[2]string]time.Time
}

type save struct {
	binding, question string
	kept              kept
}

// kept is an answer with the moment at which it was good.
type kept struct {
	AsOf   time.Time `json:"asOf"`
	Answer any       `json:"answer"`
}

// appendTo adds the answer as it is kept. A page of orders, of which there are most, is written by hand.
func (k kept) appendTo(blob []byte) ([]byte, error) {
	page, ok := k.Answer.(OrderPage)
	if !ok {
		text, err := json.Marshal(k)
		return append(blob, text...), err
	}
	asOf, err := k.AsOf.MarshalJSON()
	if err != nil {
		return blob, err
	}
	blob = append(slices.Grow(blob, 512*(1+len(page.Orders))), `{"asOf":`...)
	blob = append(append(blob, asOf...), `,"answer":{`...)
	return append(AppendOrderPage(blob, page), "}}"...), nil
}

func newLastGood(cfg Config) *lastGood {
	return &lastGood{system: cfg.Name, store: cfg.Answers, now: cfg.Now, log: cfg.Logger, saves: make(chan save, maxSaves), saved: map[[2]string]time.Time{}}
}

// keeps reports whether answers to the identity are kept at all.
func (l *lastGood) keeps(id Identity) bool { return l.store != nil && id.BindingID != "" }

// keep hands an answer over to be kept. It never waits. The answer must not be changed afterwards.
func (l *lastGood) keep(id Identity, question string, answer any) {
	if !l.keeps(id) || !l.due(id.BindingID, question) {
		return
	}
	select {
	case l.saves <- save{id.BindingID, question, kept{l.now(), answer}}:
	default: // Redis is slower than the traffic; the next answer to this question will do
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.saved, [2]string{id.BindingID, question})
	}
}

func (l *lastGood) due(binding, question string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := [2]string{binding, question}
	if l.now().Before(l.saved[key].Add(saveEvery)) {
		return false
	}
	remember(l.saved, key, l.now())
	return true
}

// run writes what was handed over until ctx ends. What is left then is not worth a wait.
func (l *lastGood) run(ctx context.Context) {
	var b batch
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-l.saves:
			l.gather(&b, first)
		}
		if len(b.answers) > 0 {
			if err := l.store.SaveAnswers(ctx, b.answers, staleFor); err != nil {
				l.log.Debug("last good answers not kept", "error", err)
			}
		}
		if b.full() {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(gatherFor):
		}
	}
}

// batch is what is saved in one step: one round trip, and one stretch of memory that is used again.
type batch struct {
	answers []KeptAnswer
	bytes   []byte
}

func (b *batch) full() bool { return len(b.answers) >= maxTogether || len(b.bytes) >= maxBytesTogether }

// gather fills the batch with the first and what else waits.
func (l *lastGood) gather(b *batch, first save) {
	clear(b.answers)
	b.answers, b.bytes = b.answers[:0], b.bytes[:0]
	for l.board(b, first); !b.full(); l.board(b, first) {
		select {
		case first = <-l.saves:
		default:
			return
		}
	}
}

func (l *lastGood) board(b *batch, s save) {
	from := len(b.bytes)
	grown, err := s.kept.appendTo(b.bytes)
	if err != nil {
		l.log.Debug("last good answer not kept", "error", err)
		return
	}
	if len(grown)-from > maxKept {
		return
	}
	b.bytes = grown
	b.answers = append(b.answers, KeptAnswer{s.binding, systemKey(l.system, s.question), grown[from:len(grown):len(grown)]})
}

// find returns the last good answer to the question, if there is one that is young enough.
func find[T any](ctx context.Context, l *lastGood, id Identity, question string) (answer T, asOf time.Time, ok bool) {
	if !l.keeps(id) {
		return answer, asOf, false
	}
	blob, ok, err := l.store.LoadAnswer(ctx, id.BindingID, systemKey(l.system, question))
	if err != nil || !ok {
		return answer, asOf, false
	}
	found := struct {
		AsOf   time.Time `json:"asOf"`
		Answer *T        `json:"answer"`
	}{Answer: &answer}
	if json.Unmarshal(blob, &found) != nil || l.now().Sub(found.AsOf) > staleFor {
		var none T
		return none, asOf, false
	}
	return answer, found.AsOf, true
}
