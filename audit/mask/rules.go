package mask

import "strings"

// rule says what becomes of a field's value.
type rule int

const (
	keep    rule = iota // as it is, but searched like any text
	secret              // ***
	phone               // 138****8000
	person              // a name or a number: 张*, 138****8000
	address             // 浙江省杭州市***
	email               // z***@example.com
	openID              // pseudonym
	unionID             // pseudonym
)

// byName is the table of rules. Names are in lower case, without _ - and spaces: session_key, sessionKey and
// Session-Key are one name. Two names are not here: a login's code, since every answer has a code of its own, so
// callers name it; and session_id, which is the token's hash and joins the tables.
var byName = map[string]rule{
	"password": secret, "erppassword": secret, "passwd": secret, "pwd": secret, "passphrase": secret,
	"passworddigest": secret, "oldpassword": secret, "newpassword": secret, "密码": secret,
	"token": secret, "accesstoken": secret, "refreshtoken": secret, "idtoken": secret, "csrftoken": secret,
	"sessionkey": secret, "secret": secret, "appsecret": secret, "clientsecret": secret,
	"authorization": secret, "proxyauthorization": secret, "cookie": secret, "setcookie": secret,
	"sid": secret, "jsessionid": secret, "phpsessid": secret,
	"jscode": secret, "invitecode": secret, "encrypteddata": secret, "iv": secret, "signature": secret, "rawdata": secret,
	"apikey": secret, "xapikey": secret, "servicekey": secret, "sealkey": secret, "privatekey": secret,
	"aeskey": secret, "encodingaeskey": secret, "credential": secret, "credentials": secret,
	"idcard": secret, "idcardno": secret, "idnumber": secret, "身份证": secret, "身份证号": secret,

	"phone": phone, "mobile": phone, "tel": phone, "telephone": phone, "fax": phone,
	"phonenumber": phone, "purephonenumber": phone, "mobilephone": phone, "mobileno": phone, "phoneno": phone,
	"contacttel": phone, "linktel": phone, "receivertel": phone,
	"手机": phone, "手机号": phone, "手机号码": phone, "电话": phone, "联系电话": phone, "联系方式": phone,

	"contact": person, "contacts": person, "contactname": person, "contactperson": person, "linkman": person,
	"receiver": person, "receivername": person, "recipient": person, "consignee": person, "realname": person,
	"nickname": person, "联系人": person, "收货人": person,

	"address": address, "deliveryaddress": address, "shippingaddress": address, "shipmentaddress": address,
	"invoiceaddress": address, "receiveraddress": address, "detailaddress": address, "homeaddress": address,
	"地址": address, "收货地址": address,

	"erpusername": person, "erpuser": person,

	"email": email, "mail": email, "邮箱": email,

	"openid": openID, "touser": openID, "fromuser": openID, "fromusername": openID, "tousername": openID,
	"unionid": unionID,
}

// bySuffix catches the compounds nobody has thought of: wxAccessToken, erp_service_password, contactPhone.
var bySuffix = []struct {
	suffix string
	rule   rule
}{
	{"password", secret}, {"token", secret}, {"secret", secret}, {"sessionkey", secret}, {"apikey", secret},
	{"phone", phone}, {"mobile", phone}, {"openid", openID}, {"unionid", unionID},
}

// suffixEnds are the letters that those end with.
const suffixEnds = "dntye"

// longestName bounds what is looked at; of a longer name the end counts.
const longestName = 64

// ruleOf finds a field's rule. Names in also are secrets for this call.
func ruleOf(name string, also []string) rule {
	if len(also) > 0 {
		return lookUp(name, also)
	}
	return met.of(name, lookUpAlone)
}

// met are the rules of names that came before, for answers have the same few dozen again and again (BenchmarkRuleOf: a quarter of
// the time).
var met = newMemo[rule](512)

func lookUpAlone(name string) rule { return lookUp(name, nil) }

func lookUp(name string, also []string) rule {
	var buffer [longestName]byte
	plain := normal(buffer[:0], name)
	if r, ok := byName[string(plain)]; ok {
		return r
	}
	for _, other := range also {
		var buffer [longestName]byte
		if string(normal(buffer[:0], other)) == string(plain) {
			return secret
		}
	}
	if len(plain) == 0 || strings.IndexByte(suffixEnds, plain[len(plain)-1]) < 0 {
		return keep
	}
	for i := range bySuffix {
		if s := bySuffix[i].suffix; len(plain) > len(s) && string(plain[len(plain)-len(s):]) == s {
			return bySuffix[i].rule
		}
	}
	return keep
}

// normal appends name in lower case and without separators to buffer, which has room for longestName bytes.
func normal(buffer []byte, name string) []byte {
	if len(name) > longestName {
		name = name[len(name)-longestName:]
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c == '_' || c == '-' || c == ' ' || c == '.':
		case 'A' <= c && c <= 'Z':
			buffer = append(buffer, c+'a'-'A')
		default:
			buffer = append(buffer, c)
		}
	}
	return buffer
}

// isPassword tells the names after which even an ordinary word is a secret.
func isPassword(name string) bool {
	var buffer [longestName]byte
	plain := string(normal(buffer[:0], name))
	return strings.HasSuffix(plain, "password") || strings.HasSuffix(plain, "passwd") || strings.HasSuffix(plain, "pwd")
}

// toLineEnd tells the names whose value is more than one word.
func toLineEnd(name string) bool {
	var buffer [longestName]byte
	switch string(normal(buffer[:0], name)) {
	case "authorization", "proxyauthorization", "cookie", "setcookie":
		return true
	}
	return false
}
