package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"advisor/audit"
	"advisor/corpus"
	"advisor/internal/problem"
)

// auditWitness keeps checkpoints of another machine's log. It opens no database
// and needs nothing of that machine but its pages' address, a key for programs
// and the log's public key, which must have come another way.
func auditWitness(f *flags) action {
	server := f.String("url", "", "被见证系统的地址")
	dir := f.String("dir", "", "保存检查点的文件夹")
	key := f.String("key", "", "被见证系统的审计公钥，或公钥文件")
	token := f.String("token", "", "接口密钥，或其文件；也可用 ADVISOR_WITNESS_TOKEN")
	every := f.Duration("every", 0, "每隔多久见证一次；0 只做一次")
	var successions list
	f.Var(&successions, "succession", "密钥更换声明文件（可多次给出）")
	return func(ctx context.Context, e *env, _ []string) error {
		if *server == "" || *dir == "" || *key == "" {
			return problem.New(problem.Invalid, "usage", "外部见证", "须给出 --url、--dir 和 --key", "例如 advisor audit witness --url https://advisor.example --dir /srv/witness --key audit.pub --token token.txt")
		}
		w, err := e.outsider(*server, *dir, *key, *token, successions)
		if err != nil {
			return err
		}
		for {
			c, err := w.look(ctx)
			if err != nil {
				return err
			}
			if err := e.print(map[string]any{"ok": true, "size": c.Size, "root": c.Root.String(), "dir": *dir}, func(o io.Writer) {
				fmt.Fprintf(o, "%s  已见证：%d 条记录，根 %s\n", e.now().In(corpus.Zone).Format("2006-01-02 15:04:05"), c.Size, c.Root)
			}); err != nil {
				return err
			}
			if *every <= 0 {
				return nil
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(*every):
			}
		}
	}
}

// outsider is a witness with the way to the log it watches.
type outsider struct {
	audit.Kept
	server, token string
	client        *http.Client
}

func (e *env) outsider(server, dir, key, token string, successions []string) (*outsider, error) {
	keys, err := e.publicKeys(key)
	if err != nil {
		return nil, err
	}
	for _, file := range successions {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, problem.New(problem.NotFound, "no-file", "未能读取密钥更换声明 "+file, err.Error(), "请核对路径")
		}
		next, err := audit.Succeed(b, keys)
		if err != nil {
			return nil, err
		}
		keys = append(keys, next)
	}
	if token == "" {
		token = e.getenv("ADVISOR_WITNESS_TOKEN")
	}
	if b, err := os.ReadFile(token); err == nil {
		token = string(b)
	}
	return &outsider{audit.Kept{Dir: dir, Keys: keys}, strings.TrimSuffix(server, "/"), strings.TrimSpace(token), &http.Client{Timeout: 30 * time.Second}}, nil
}

// look asks for a checkpoint and takes it, if the log only grew.
func (o *outsider) look(ctx context.Context) (audit.Checkpoint, error) {
	var c struct {
		Note string `json:"note"`
	}
	if err := o.get(ctx, "/api/v1/audit/checkpoint", &c); err != nil {
		return audit.Checkpoint{}, err
	}
	return o.Accept([]byte(c.Note), func(older, newer int64) (tlog.TreeProof, error) {
		var p struct {
			Proof []string `json:"proof"`
		}
		q := url.Values{"older": {fmt.Sprint(older)}, "newer": {fmt.Sprint(newer)}}
		if err := o.get(ctx, "/api/v1/audit/proof?"+q.Encode(), &p); err != nil {
			return nil, err
		}
		return audit.ParseProof(p.Proof)
	})
}

func (o *outsider) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.server+path, nil)
	if err != nil {
		return fmt.Errorf("ask the log: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+o.token)
	resp, err := o.client.Do(req)
	if err != nil {
		return problem.New(problem.Failed, "no-server", "外部见证", "没有连上 "+o.server, "请检查地址和网络；本机已保存的检查点不受影响").Because(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("ask the log: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return problem.New(problem.Failed, "no-checkpoint", "外部见证", fmt.Sprintf("%s 答复 %s", o.server, resp.Status), "请检查接口密钥").Because(errors.New(string(body)))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("read the log's answer: %w", err)
	}
	return nil
}

// auditRotate puts a new signing key in the old one's place.
func auditRotate(f *flags) action {
	return func(ctx context.Context, e *env, _ []string) error {
		actor, err := e.open(ctx)
		if err != nil {
			return err
		}
		if !actor.Has("admin") {
			return problem.New(problem.Refused, "not-allowed", "更换签名密钥没有受理", "须由管理员办理", "请用 --as 指定管理员账号")
		}
		key, err := audit.OpenKey(e.cfg.keys())
		if err != nil {
			return err
		}
		note, err := audit.Witness{DB: e.db, Key: key, Now: e.now}.Rotate(ctx, actor.ID)
		if err != nil {
			return err
		}
		now, err := audit.OpenKey(e.cfg.keys())
		if err != nil {
			return err
		}
		return e.print(map[string]string{"old": key.Public(), "key": now.Public(), "succession": string(note)}, func(w io.Writer) {
			fmt.Fprintf(w, "签名密钥已更换。旧公钥继续有效，用于核验已出具的回执和检查点。\n新公钥：%s\n请把下面的更换声明交给保存旧公钥的人：\n\n%s", now.Public(), note)
		})
	}
}

// auditExport writes the log for those who verify it elsewhere.
func auditExport(*flags) action {
	return func(ctx context.Context, e *env, args []string) error {
		file, err := one(args, "文件")
		if err != nil {
			return err
		}
		if err := e.openDB(ctx); err != nil {
			return err
		}
		pool, err := e.db.Auditor(ctx)
		if err != nil {
			return err
		}
		out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return problem.New(problem.Failed, "write-log", "日志没有写入 "+file, err.Error(), "请换一个位置")
		}
		n, err := audit.Export(ctx, pool, out)
		if err = errors.Join(err, out.Close()); err != nil {
			return err
		}
		return e.print(map[string]any{"file": file, "size": n}, func(w io.Writer) { fmt.Fprintf(w, "已写出 %d 条记录到 %s\n", n, file) })
	}
}
