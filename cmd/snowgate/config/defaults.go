package config

import (
	"log/slog"
	"time"

	"snowgate/erpclient/snowbeasts"
)

// requestMargin is what a request may take beside the ERP: session look-up, checks and the answer. A page must be up
// in 3 s, the ERP gets 2.5 s of them.
const requestMargin = 300 * time.Millisecond

const day = 24 * time.Hour

// Default returns the configuration of an empty file and an empty environment.
func Default() *Config {
	return &Config{
		Mode: ModeSandbox,
		Server: Server{
			Listen:         "127.0.0.1:8080",
			HTTPStatus:     "auto",
			RequestTimeout: 2500*time.Millisecond + requestMargin,
			DrainTimeout:   15 * time.Second,
			MaxInFlight:    1024,
		},
		Redis:  Redis{Timeout: 200 * time.Millisecond},
		SQL:    SQL{AutoMigrate: true},
		Audit:  Audit{SpoolDir: "/var/lib/snowgate/spool", SpoolMaxBytes: 1 << 30, SpoolMaxAge: 7 * day, Retention: 90 * day},
		WeChat: WeChat{BaseURL: "https://api.weixin.qq.com", Timeout: 2 * time.Second, SendRate: 50, Workers: 8, RequireConsent: true, State: "formal"},
		ERP:    defaultERP(),
		Limits: Limits{
			RequestsPerOpenID: Rate{20, time.Second},
			RequestsPerIP:     Rate{100, time.Second},
			LoginsPerIP:       Rate{30, time.Minute},
			Binds:             Rate{5, 15 * time.Minute},
		},
		Console: Console{Enabled: "auto"},
		Health:  Health{Interval: 30 * time.Second},
		Session: Session{TTL: 7 * day, MaxAge: 30 * day, MaxPerOpenID: 20},
		Log:     Log{Level: slog.LevelInfo, Format: "json"},
		Tracing: Tracing{SampleRatio: 1},
		sources: map[string]source{},
	}
}

func defaultERP() ERP {
	return ERP{
		Driver:       "snowbeasts",
		Timeout:      2500 * time.Millisecond,
		MaxRetries:   3,
		WriteTimeout: 2500 * time.Millisecond,
		MaxInFlight:  64,
		Tryton:       Tryton{CustomerGroups: []string{"Customer portal"}},
		Timezone:     shanghai(),
		Snowbeasts:   Snowbeasts{PasswordDigest: "sha1", SessionLife: 5 * time.Minute, Forms: snowbeasts.DefaultForms()},
	}
}

// shanghai works without zone files too: China has had no summer time since 1991.
func shanghai() *time.Location {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return time.FixedZone("Asia/Shanghai", 8*60*60)
	}
	return zone
}
