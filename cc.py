s=open('/tmp/w/j/brk16/c_nets.py').read()
a=s.index('for n in (10,10**6'); b=s.index('b=H.make_graph([H.make_node("Identity",["c"],["co"]),H.make_node("Concat"'); c=s.index('fs=[]; prev'); d=s.index('def nested(d)')
i=s.index('ox("onnx plain"'); j=s.index('big=onnx.TensorProto()')
open('/tmp/w/j/brk16/c2.py','w').write(s[:i]+s[j:])
