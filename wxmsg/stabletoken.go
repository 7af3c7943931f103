package wxmsg

import (
	"context"
	"encoding/json"
	"time"
)

const opToken = "stable_token"

// stableToken asks WeChat for the access_token, and returns how long it may be kept.
//
// WeChat: getStableAccessToken, POST /cgi-bin/stable_token.
func (c *Client) stableToken(ctx context.Context) (token string, ttl time.Duration, failure *Error) {
	ctx, cancel := context.WithTimeout(ctx, min(c.timeout, tokenLease))
	defer cancel()
	body, _ := json.Marshal(tokenRequest{"client_credential", c.appID, c.appSecret, false}) //nolint:gosec // WeChat wants the secret; strings always marshal
	answer, err := c.post(ctx, body).Post("/cgi-bin/stable_token")
	raw, failure := answered(opToken, answer, err)
	if failure != nil {
		return "", 0, failure
	}
	return c.readToken(raw)
}

type tokenRequest struct {
	GrantType string `json:"grant_type"`
	AppID     string `json:"appid"`
	Secret    string `json:"secret"`
	Force     bool   `json:"force_refresh"` // never
}

func (c *Client) readToken(raw []byte) (token string, ttl time.Duration, failure *Error) {
	var answer struct {
		Token     string `json:"access_token"`
		ExpiresIn int64  `json:"expires_in"` // s
		ErrCode   int    `json:"errcode"`
		ErrMsg    string `json:"errmsg"`
	}
	switch err := json.Unmarshal(raw, &answer); {
	case err != nil:
		return "", 0, badAnswer(opToken, notTheJSON)
	case answer.ErrCode != 0:
		return "", 0, refused(opToken, answer.ErrCode, answer.ErrMsg, c.now())
	case answer.Token == "":
		return "", 0, badAnswer(opToken, "access_token is missing")
	}
	life := time.Duration(min(answer.ExpiresIn, int64(maxTokenLife/time.Second))) * time.Second
	return answer.Token, max(life-tokenMargin, minTokenLife), nil
}
