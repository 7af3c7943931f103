package sandbox

// Account is somebody who can log in to the ERP.
type Account struct {
	User       string `json:"user"`
	Password   string `json:"password"`
	Name       string `json:"name"`
	CustomerID string `json:"customerId"` // whose records it sees; "" = everybody's
}

// Customer is a record of form 100004.
type Customer struct {
	ID         string `json:"id"`
	Code       string `json:"code"`
	Name       string `json:"name"`
	InviteCode string `json:"inviteCode"` // its 微信邀请码; "" = none
	Disabled   bool   `json:"disabled"`
}

var erpAccounts = []Account{
	{"alice.chen", "snow-alice-1", "陈爱丽", "501"},
	{"bob.wang", "snow-bob-1", "王博", "502"},
	{"carol.lin", "snow-carol-1", "林可", "503"},
	{"staff.li", "snow-staff-1", "李业务", ""},
	{"wx.service", "snow-service-1", "微信接口账号", ""},
}

// erpCustomers: the last one's invite code contains the first one's, because it is
// not known whether the ERP's filter matches in part.
var erpCustomers = []Customer{
	{"501", "C0001", "上海雪原户外用品有限公司", "SNOW-2026-A", false},
	{"502", "C0002", "北京极地装备贸易有限公司", "SNOW-2026-B", false},
	{"503", "C0003", "广州冰峰体育用品有限公司", "SNOW-2026-C", false}, // no orders
	{"504", "C0004", "成都旧雪商贸有限公司", "SNOW-2026-D", true},
	{"505", "C0005", "哈尔滨霜林工贸有限公司", "SNOW-2026-E", false},
	{"506", "C0006", "深圳蓝鲸进出口有限公司", "SNOW-2026-A2", false},
}

// staffPermissions are those of the accounts without a customer.
var staffPermissions = []string{
	"orders:read", "materials:read", "orders:write", "inventory:read", "inventory:write", "approvals:read", "approvals:write",
}

// ordersOf is how many orders each customer has.
var ordersOf = map[string]int{"501": 110, "502": 90, "503": 0, "504": 25, "505": 60, "506": 15}

// Accounts returns all ERP accounts with their passwords, the service account last.
func (e *ERP) Accounts() []Account { return append([]Account(nil), erpAccounts...) }

// Customers returns all customers. 503 has no orders, 504 is disabled.
func (e *ERP) Customers() []Customer { return append([]Customer(nil), erpCustomers...) }

// ServiceAccount returns the account that sees every customer's records.
func (e *ERP) ServiceAccount() (user, password string) {
	last := erpAccounts[len(erpAccounts)-1]
	return last.User, last.Password
}

func accountOf(user string) (Account, bool) {
	for _, a := range erpAccounts {
		if a.User == user {
			return a, true
		}
	}
	return Account{}, false
}
