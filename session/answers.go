package session

import (
	"context"
	"errors"
	"fmt"
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

// SaveAnswer keeps the last good answer to a question asked under a binding, sealed, for ttl. A full set loses one
// answer by chance. Returns ErrUnavailable.
func (s *Store) SaveAnswer(ctx context.Context, bindingID, question string, answer []byte, ttl time.Duration) error {
	if bindingID == "" || ttl < time.Millisecond {
		return errors.New("save answer: it needs a binding and a lifetime")
	}
	sealed := s.sealer.Seal(purposeAnswer, answerOwner(bindingID, question), answer)
	return s.write(ctx, "save answer", func(ctx context.Context) error {
		return saveAnswer.Run(ctx, s.rdb, []string{s.answersKey(bindingID)},
			hash(question), sealed, ttl.Milliseconds(), maxAnswers).Err()
	})
}

// LoadAnswer returns the last good answer to a question. Returns ErrNotFound, ErrUnreadable or ErrUnavailable.
func (s *Store) LoadAnswer(ctx context.Context, bindingID, question string) (answer []byte, err error) {
	err = s.read(ctx, "load answer", func(ctx context.Context) error {
		sealed, err := s.rdb.HGet(ctx, s.answersKey(bindingID), hash(question)).Result()
		if err != nil {
			return err
		}
		answer, err = s.sealer.Open(purposeAnswer, answerOwner(bindingID, question), sealed)
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
	return fmt.Sprintf("%d:%s%s", len(bindingID), bindingID, question)
}
