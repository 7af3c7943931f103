package queue

import "context"

// forgetScript erases a person. What is on its way cannot be called back: it ends as it will, without content.
// ARGV: person.
var forgetScript = script(`
local p = ARGV[1]
local box = P .. 'box:' .. p
local cancelled, stays = {'forgotten'}, {}
for _, mid in ipairs(redis.call('LRANGE', box, 0, -1)) do
  local st = get(mid, 'st')[1]
  if st == 'queued' then
    set(mid, 'x', '1', 'paid', '')
    change(mid, 'cancelled', 'its user was forgotten', 0)
    table.insert(cancelled, all(mid))
  elseif st == 'sending' then
    table.insert(stays, mid)
  end
end
redis.call('DEL', box)
for _, mid in ipairs(stays) do redis.call('RPUSH', box, mid) end
for _, mid in ipairs(redis.call('ZRANGE', P .. 'of:' .. p, 0, -1)) do
  if redis.call('EXISTS', P .. 'm:' .. mid) == 1 then
    set(mid, 'x', '1', 'paid', '')
    redis.call('HDEL', P .. 'm:' .. mid, 'c')
  end
end
redis.call('DEL', P .. 'cr:' .. p, P .. 'mk:' .. p)
redis.call('HDEL', P .. 'later', p)
return cancelled
`)

// Forget cancels what waits for a user and erases content, credits and mailbox. The changes are noted before it returns.
// Records without content stay until their retention ends, under the pseudonym. It can be repeated. Returns how many
// messages were cancelled, or ErrUnavailable.
func (q *Queue) Forget(ctx context.Context, openid string) (cancelled int, err error) {
	said, err := q.ask(ctx, "forget", forgetScript, q.person(openid))
	if err != nil {
		return 0, err
	}
	for i := 1; i < len(said); i++ {
		q.note(ctx, recordFrom(said.list(i)), "")
	}
	return len(said) - 1, nil
}
