package session

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestDialReadsEveryForm(t *testing.T) {
	type target struct {
		Addrs                            []string
		User, Password, Master, Sentinel string
		DB                               int
		TLS, Cluster                     bool
	}
	for url, want := range map[string]target{
		"redis://127.0.0.1":                                             {Addrs: []string{"127.0.0.1:6379"}},
		"redis://127.0.0.1:6380/3":                                      {Addrs: []string{"127.0.0.1:6380"}, DB: 3},
		"redis://:p%40ss@redis/1":                                       {Addrs: []string{"redis:6379"}, Password: "p@ss", DB: 1},
		"rediss://u:pw@[::1]:6380/":                                     {Addrs: []string{"[::1]:6380"}, User: "u", Password: "pw", TLS: true},
		"redis://u:pw@a:1,b,c:3/0":                                      {Addrs: []string{"a:1", "b:6379", "c:3"}, User: "u", Password: "pw", Cluster: true},
		"redis://seed?cluster=true&pool_size=7":                         {Addrs: []string{"seed:6379"}, Cluster: true},
		"redis+sentinel://:pw@s1,s2:9/mymaster/2":                       {Addrs: []string{"s1:26379", "s2:9"}, Password: "pw", Master: "mymaster", DB: 2},
		"rediss+sentinel://s1/m?sentinel_password":                      {Addrs: []string{"s1:26379"}, Master: "m", TLS: true},
		"redis+sentinel://s1/m?sentinel_username=x&sentinel_password=y": {Addrs: []string{"s1:26379"}, Master: "m", Sentinel: "x:y"},
	} {
		o, err := parseURL(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		got := target{o.Addrs, o.Username, o.Password, o.MasterName, strings.Trim(o.SentinelUsername+":"+o.SentinelPassword, ":"), o.DB,
			o.TLSConfig != nil, o.MasterName == "" && (o.IsClusterMode || len(o.Addrs) > 1)}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", url, got, want)
		}
	}
}

func TestDialComplainsWithoutQuoting(t *testing.T) {
	for _, url := range []string{
		"", "127.0.0.1:6379", "http://u:hunter2@h", "redis://u:hunter2@", "redis://u:hunter2@h/x", "redis://u:hunter2@h/-1", "redis://u:hunter2@h/1/2",
		"redis://u:hunter2@h:port", "redis://u:hunter2@h,,i", "redis://u:hunter2@h?retries=3", "redis://u:hunter2%zz@h", "redis://u:hunter2@h,i/1",
		"redis+sentinel://u:hunter2@h", "redis+sentinel://u:hunter2@h/m/x", "redis+sentinel://u:hunter2@h/m?cluster=true", "redis://u:hunter2@h?pool_size=-1",
		"redis://u:hunter2/with/slash@h", "redis://u:hun#ter2@h", "hunter2://h", "redis+hunter2://h",
	} {
		rdb, err := Dial(url)
		if err == nil {
			_ = rdb.Close()
			t.Errorf("%s was accepted", url)
		} else if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "ter2") {
			t.Errorf("%s: the password is in the error: %v", url, err)
		}
	}
}

func TestDialIsGuarded(t *testing.T) {
	rdb, err := Dial("redis://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rdb.Close() }()
	o := rdb.(*redis.Client).Options()
	const want = 150 * time.Millisecond
	if !o.ContextTimeoutEnabled || o.MaxRetries != 0 || o.DialerRetries != 1 || o.MaintNotificationsConfig.Mode != "disabled" ||
		o.DialTimeout != want || o.ReadTimeout != want || o.WriteTimeout != want || o.PoolTimeout != want {
		t.Errorf("options %+v", o) // -1 has become 0: no retries
	}
}
