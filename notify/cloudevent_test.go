package notify_test

import (
	"encoding/json"
	"testing"
	"time"

	"advisor/notify"
)

// The signature is the one that the specification's own example gives.
func TestSignAsStandardWebhooks(t *testing.T) {
	got, err := notify.Sign("whsec_plJ3nmyCDGBKInavdOK15jsl", "msg_loFOjxBNrRLzqYUf", time.Unix(1731705121, 0), []byte(`{"event_type":"ping","data":{"success":true}}`))
	if want := "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="; err != nil || got != want {
		t.Errorf("signature %s, want %s (%v)", got, want, err)
	}
}

// A body is a CloudEvent: what must be there is, and time is RFC 3339.
func TestBodyIsACloudEvent(t *testing.T) {
	raw, err := json.Marshal(notify.Event{ID: "msg_7", Type: "review.turn", Subject: "review/12", Timestamp: time.Date(2026, 11, 27, 9, 0, 0, 0, time.FixedZone("", 8*3600))})
	if err != nil {
		t.Fatal(err)
	}
	var e map[string]any
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"specversion": "1.0", "id": "msg_7", "source": "/advisor", "type": "review.turn", "subject": "review/12",
		"time": "2026-11-27T01:00:00Z", "datacontenttype": "application/json"} {
		if e[name] != want {
			t.Errorf("%s = %v, want %v", name, e[name], want)
		}
	}
	if _, ok := e["data"].(map[string]any); !ok {
		t.Errorf("data = %v", e["data"])
	}
}
