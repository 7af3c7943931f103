package session

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// maxAnswers bounds the last good answers of one binding: a customer looks at a few pages and orders in ten minutes.
const maxAnswers = 64

// A binding's answers are one hash, question (hashed) to answer (sealed), so that they go away in one step and their
// number can be bounded. The hash lives as long as its youngest answer; the reader knows each answer's own age.
// KEYS: answers. ARGV: question, sealed answer, ttl ms, most answers.
var saveAnswer = redis.NewScript(`
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then
  redis.call('HDEL', KEYS[1], redis.call('HRANDFIELD', KEYS[1]))
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
`)

// Answer is a last good answer to a question asked under a binding.
type Answer struct {
	BindingID, Question string
	Answer              []byte
}

// SaveAnswers keeps last good answers, sealed, for ttl, in one round trip. A binding's full set loses one of its answers
// by chance for each that is new. Returns ErrUnavailable, after which some may be kept. The answers are the caller's again
// when it returns.
func (s *Store) SaveAnswers(ctx context.Context, answers []Answer, ttl time.Duration) error {
	for _, a := range answers {
		if a.BindingID == "" || ttl < time.Millisecond {
			return errors.New("save answer: it needs a binding and a lifetime")
		}
	}
	room, ok := s.sealing.Get().(*[]byte)
	if !ok {
		room = new([]byte)
	}
	defer s.sealing.Put(room)
	saves := s.savesOf(answers, ttl, room)
	return s.write(ctx, "save answer", func(ctx context.Context) error {
		err := s.sendAll(ctx, saves)
		if err != nil && redis.HasErrorPrefix(err, "NOSCRIPT") { // Redis was restarted: it is told the script, and asked again
			if err = saveAnswer.Load(ctx, s.rdb).Err(); err == nil {
				err = s.sendAll(ctx, saves)
			}
		}
		return err
	})
}

// sendAll sends changes in one pipeline and returns the first error among theirs.
func (s *Store) sendAll(ctx context.Context, changes []redis.Cmder) error {
	pipe := s.rdb.Pipeline()
	_ = pipe.BatchProcess(ctx, changes...) // they only board
	_, err := pipe.Exec(ctx)               // of the first change only
	for i := 0; err == nil && i < len(changes); i++ {
		err = changes[i].Err()
	}
	return err
}

// maxSealing bounds the memory for sealed answers that is kept to be used again.
const maxSealing = 1 << 20

// answerSave is what go-redis is to send, which it is pointed to: one object instead of ten.
type answerSave struct {
	key, question string
	sealed        []byte
	args          [8]any
}

var saveAnswerSHA any = saveAnswer.Hash() // boxed once

// savesOf are the commands that save the answers. These are sealed without the base64 of all else, which was a third of a
// save; they lie in room until they are sent.
func (s *Store) savesOf(answers []Answer, ttl time.Duration, room *[]byte) []redis.Cmder {
	size := 0
	for _, a := range answers {
		size += s.sealer.rawLen(len(a.Answer))
	}
	if cap(*room) < size || cap(*room) > max(size, maxSealing) {
		*room = make([]byte, 0, size)
	}
	texts, saves, all := (*room)[:0], make([]redis.Cmder, len(answers)), make([]answerSave, len(answers))
	var life, most any = ttl.Milliseconds(), maxAnswers
	for i, a := range answers {
		from := len(texts)
		texts = s.sealer.appendRaw(texts, purposeAnswer, answerOwner(a.BindingID, a.Question), a.Answer)
		save := &all[i]
		save.key, save.question = s.answersKey(a.BindingID), hashedKey("", []byte(a.Question))
		save.sealed = texts[from:len(texts):len(texts)]
		save.args = [8]any{"evalsha", saveAnswerSHA, 1, &save.key, &save.question, save.sealed, life, most}
		cmd := redis.NewCmd(context.Background(), save.args[:]...)
		cmd.SetFirstKeyPos(3)
		saves[i] = cmd
	}
	return saves
}

// LoadAnswer returns the last good answer to a question. Returns ErrNotFound, ErrUnreadable or ErrUnavailable.
func (s *Store) LoadAnswer(ctx context.Context, bindingID, question string) (answer []byte, err error) {
	err = s.read(ctx, "load answer", func(ctx context.Context) error {
		sealed, err := s.rdb.HGet(ctx, s.answersKey(bindingID), hash(question)).Result()
		if err != nil {
			return err
		}
		owner := answerOwner(bindingID, question)
		if answer, err = s.sealer.openRaw(purposeAnswer, owner, sealed); err != nil {
			answer, err = s.sealer.Open(purposeAnswer, owner, sealed) // by an earlier release
		}
		return err
	})
	return answer, err
}

// eraseAnswers forgets everything kept under a binding that has ended.
func (s *Store) eraseAnswers(ctx context.Context, bindingID string) error {
	if bindingID == "" {
		return nil
	}
	return s.write(ctx, "erase answers", func(ctx context.Context) error {
		return s.rdb.Del(ctx, s.answersKey(bindingID)).Err()
	})
}

// answerOwner ties a sealed answer to its binding and question: moved to another, it does not open.
func answerOwner(bindingID, question string) string {
	return strconv.Itoa(len(bindingID)) + ":" + bindingID + question
}
