package sql

import (
	"errors"
	"strings"
	"testing"
)

// A DSN that is taken keeps what must hold, whatever its parameters say; complaints about others tell no password.
func FuzzDSN(f *testing.F) {
	for _, dsn := range []string{
		"mysql://u:hush@127.0.0.1:3306/db", "mysql://u:hush@h/db?multiStatements=true", "mysql://u:hush@h/db?multistatements=1&allowAllFiles=false&allowAllFiles=true",
		"mysql://u:hush@h/db?readTimeout=hush", "mysql://u:hush@[::1]:x/db", "mysql://hush@h/a%2Fb?tls=custom", "mysql:hush", "sqlite:///tmp/hush.db?mode=hush", "sqlite:a%zzhush",
		"mysql://u:hush@h/db%3FmultiStatements=true", "mysql://u:hush@h)/x(/db",
	} {
		f.Add(dsn)
	}
	f.Fuzz(func(t *testing.T, dsn string) {
		cfg, err := mysqlConfig(dsn)
		if err != nil {
			if !errors.Is(err, ErrDSN) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%q is complained of with %v", dsn, err)
			}
		} else if cfg.MultiStatements || cfg.AllowAllFiles || !cfg.ParseTime || cfg.Loc.String() != "UTC" || cfg.Net != "tcp" || cfg.DBName == "" {
			t.Errorf("%q became %+v", dsn, cfg)
		}
		name, err := sqliteName(strings.TrimPrefix(dsn, "sqlite:"))
		if err != nil {
			if !errors.Is(err, ErrDSN) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%q is complained of with %v", dsn, err)
			}
		} else if strings.Count(name, "?") != 1 || strings.Contains(name, "#") || !strings.HasPrefix(name, "file:") {
			t.Errorf("%q became %q", dsn, name)
		}
	})
}
