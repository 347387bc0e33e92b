package audit_test

import (
	"fmt"
	"strings"

	"advisor/audit"
)

// A receipt is checked with the log's public key and nothing else.
func ExampleVerifyReceipt() {
	const key = "advisor-9b686c2d+b851ceab+AQu9Aj23CF8gF9lvJAgB6IcWd/DvQVBGJGzyuLNdMHvQ"
	const receipt = `{
  "format": "advisor-receipt/1",
  "seq": 3,
  "leaf": "{\"actor\":\"7\",\"at\":\"2026-03-02T01:00:00Z\",\"data\":{\"application\":1,\"hash\":\"sha256:5834\"},\"kind\":\"review.apply\",\"os\":\"root\",\"subject\":\"review/12\"}",
  "proof": [
    "6DXvG+0iqSlGHPSM8mBqld/iLRY++6BzvseILn9uRzE=",
    "Ay1wQ01xVS+i6u+Apf1pojks9nbyro8OrInTjHIxa/s="
  ],
  "checkpoint": "advisor-9b686c2d\n4\nPmRCEnd2I84yABlkZP0ZKS6oe6lqocCV41ODevNKsaY=\n\n— advisor-9b686c2d uFHOqzdJ9Lc3jWfTq+if1sAuu6lSyVJCIpsFbzGPpqzsy5VbK7XYXiHPhiH9oyMKEui0AAt0TQZIXuyWg9t290c3YwQ=\n"
}`
	proved, err := audit.VerifyReceipt([]byte(receipt), key)
	fmt.Println(proved.Leaf.Kind, proved.Leaf.Subject, proved.Leaf.Data["hash"], err)
	_, err = audit.VerifyReceipt([]byte(strings.Replace(receipt, "5834", "5835", 1)), key)
	fmt.Println(err)
	// Output:
	// review.apply review/12 sha256:5834 <nil>
	// 回执未通过核验：内容与签名不符：可能被改动过，或者不是这把公钥所属的系统出具的。请向出具单位索取原件，并核对公钥
}
