"""Exports convolutional networks of torchvision and timm, with random weights,
and what ONNX Runtime makes of one random picture each.

    python sweep.py FOLDER [NAME…]

makes FOLDER/NAME/model.onnx (with model.onnx.data where the exporter writes
one), x.npy and y.npy. Then

    PADLAB_ONNX=FOLDER go test ./core/onnx -run TestSweep -long -v

compares ours with it. EXPORTER=torchscript, with OPSET and DYNAMIC, chooses
PyTorch's older exporter. Made with torch 2.15, torchvision .29, timm 1.0.31,
onnxruntime 1.32. Without ONNX Runtime y.npy is what PyTorch makes: so it is in
CI, with Debian's torch 1.13 and torchvision .14.
"""
import importlib.util, inspect, os, sys, traceback, warnings
import numpy as np
import torch

warnings.filterwarnings("ignore")
torch.set_num_threads(1)

VISION = """alexnet vgg11 vgg11_bn vgg16 resnet18 resnet34 resnet50 resnet101 wide_resnet50_2 resnext50_32x4d
squeezenet1_0 squeezenet1_1 densenet121 densenet161 inception_v3 googlenet shufflenet_v2_x0_5 shufflenet_v2_x1_0
shufflenet_v2_x1_5 mobilenet_v2 mobilenet_v3_small mobilenet_v3_large mnasnet0_5 mnasnet1_0 efficientnet_b0
efficientnet_b1 efficientnet_b2 efficientnet_b3 efficientnet_v2_s regnet_x_400mf regnet_x_1_6gf regnet_y_400mf
regnet_y_800mf regnet_y_1_6gf convnext_tiny convnext_small swin_t maxvit_t vit_b_16
segmentation.fcn_resnet50 segmentation.deeplabv3_mobilenet_v3_large segmentation.lraspp_mobilenet_v3_large
segmentation.deeplabv3_resnet50 quantization.none""".split()[:-1]

TIMM = """resnet10t resnet14t resnet26 resnet26d resnet26t resnet50d resnet32ts resnet33ts resnet50_gn resnetv2_50
resnetv2_50d_gn resnetv2_50x1_bit resnetaa50 resnetblur50 resnetrs50 seresnet18 seresnet50 seresnext26t_32x4d
ecaresnet50t ecaresnext26t_32x4d skresnet18 skresnet34 skresnext50_32x4d resnest14d resnest26d res2net50_26w_4s
res2next50 gcresnext26ts gcresnet33ts eca_resnext26ts bat_resnext26ts lambda_resnet26t lambda_resnet26rpt_256
botnet26t_256 halonet26t gernet_s gernet_m repvgg_a0 repvgg_b0 mobileone_s0 mobileone_s1 fastvit_t8 fastvit_sa12
ghostnet_100 ghostnetv2_100 lcnet_050 lcnet_100 tinynet_a tinynet_e hardcorenas_a fbnetc_100 fbnetv3_b spnasnet_100
semnasnet_100 mnasnet_small mixnet_s mixnet_m mobilenetv2_050 mobilenetv2_110d mobilenetv3_small_050
mobilenetv3_rw mobilenetv4_conv_small mobilenetv4_conv_medium mobilenetv4_hybrid_medium efficientnet_lite0
efficientnet_es efficientnet_el tf_efficientnet_b0 tf_efficientnet_lite0 tf_efficientnetv2_b0 tf_mobilenetv3_small_minimal_100
tf_mixnet_s efficientnet_b0_gn efficientnetv2_rw_t gc_efficientnetv2_rw_t rexnet_100 rexnetr_100 regnetx_002
regnety_002 regnetz_b16 regnetz_005 nf_regnet_b0 nfnet_l0 dm_nfnet_f0 eca_nfnet_l0 nf_resnet26 convnext_atto
convnext_femto convnext_pico convnext_nano convnextv2_atto convnextv2_femto cspresnet50 cspresnext50 cspdarknet53
darknet53 cs3darknet_s vovnet39a ese_vovnet19b_dw ese_vovnet39b dla34 dla46_c dla60 dla60_res2net dpn48b dpn68
densenet121 selecsls42b hrnet_w18_small hrnet_w18_small_v2 xception41 xception65p xcit_nano_12_p16_224
legacy_xception inception_v4 inception_resnet_v2 nasnetalarge pnasnet5large vgg13_bn poolformer_s12
poolformerv2_s12 convmixer_768_32 inception_next_tiny edgenext_xx_small edgenext_x_small mobilevit_xxs
mobilevitv2_050 coat_tiny convit_tiny repghostnet_050 efficientformer_l1 efficientformerv2_s0 efficientvit_b0
efficientvit_m0 repvit_m0_9 starnet_s1 starnet_s2 tresnet_m hgnet_tiny hgnetv2_b0 levit_128s tiny_vit_5m_224
focalnet_tiny_srf van_b0 visformer_tiny rdnet_tiny mambaout_femto caformer_s18 convformer_s18 crossvit_tiny_240
coatnet_0_rw_224 sequencer2d_s davit_tiny swin_tiny_patch4_window7_224 vit_tiny_patch16_224 deit_tiny_patch16_224
mixer_s32_224 resmlp_12_224 gmlp_s16_224 cait_xxs24_224 pit_ti_224 pvt_v2_b0 twins_svt_small nest_tiny
senet154 legacy_seresnet18 csatv2 shvit_s1 swiftformer_xs fasternet_t0 ghostnetv3_100 test_resnet""".split()

# With numbers that are shaken these amplify what is rounded: PyTorch and ONNX
# Runtime differ by more than what is compared.
GENTLE = ["timm.efficientnetv2_rw_t", "timm.fbnetv3_b"]

FIXED = {"inception_v3": 299, "vit_b_16": 224, "swin_t": 224, "maxvit_t": 224}


def build(name):
    if name.startswith("tv."):
        import torchvision.models as m
        name = name[3:]
        if name.startswith("segmentation."):
            net = getattr(m.segmentation, name[13:])(weights=None, weights_backbone=None, num_classes=21)

            class Out(torch.nn.Module):
                def __init__(self):
                    super().__init__()
                    self.net = net

                def forward(self, x):
                    return self.net(x)["out"]
            return Out(), 128
        kw = {"init_weights": False} if name in ("inception_v3", "googlenet") else {}
        if kw:
            kw["aux_logits"] = False if name == "googlenet" else True
        return getattr(m, name)(weights=None, **kw), FIXED.get(name, 128)
    import timm
    name = name[5:]
    net = timm.create_model(name, pretrained=False, exportable=True)
    cfg = net.pretrained_cfg
    size = cfg["input_size"][1]
    if not cfg.get("fixed_input_size") and name not in ("csatv2",):
        size = min(size, 160)
    try:
        with torch.no_grad():
            net.eval()(torch.zeros(1, cfg["input_size"][0], size, size))
    except Exception:
        size = cfg["input_size"][1]
    return net, size


def shake(net, seed):
    """Gives running statistics and zero gains values that matter."""
    g = torch.Generator().manual_seed(seed)
    for m in net.modules():
        if isinstance(m, torch.nn.modules.batchnorm._BatchNorm) and m.running_mean is not None:
            m.running_mean.copy_(torch.randn(m.running_mean.shape, generator=g) * .1)
            m.running_var.copy_(torch.rand(m.running_var.shape, generator=g) + .5)
    with torch.no_grad():
        for p in net.parameters():
            if p.dim() <= 1:
                p.add_(torch.randn(p.shape, generator=g) * .05)


def make(name, folder):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "model.onnx")
    if os.path.exists(os.path.join(folder, "y.npy")):
        return "there already"
    torch.manual_seed(1)
    net, size = build(name)
    net.eval()
    if name not in GENTLE:
        with torch.no_grad():
            shake(net, 2)
    x = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(3))
    how = os.environ.get("EXPORTER", "dynamo")
    if how == "dynamo":
        torch.onnx.export(net, (x,), path, dynamo=True, verbose=False, input_names=["x"])
    else:
        older = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
        torch.onnx.export(net, (x,), path, input_names=["x"], opset_version=int(os.environ.get("OPSET", 13)),
                          dynamic_axes={"x": {0: "batch"}} if os.environ.get("DYNAMIC") else None, **older)
    with torch.no_grad():
        t = net(x)
    y = t = (t if torch.is_tensor(t) else t[0]).numpy()
    if importlib.util.find_spec("onnxruntime"):
        import onnxruntime as ort
        s = ort.SessionOptions()
        s.intra_op_num_threads = 1
        y = ort.InferenceSession(path, s, providers=["CPUExecutionProvider"]).run(None, {"x": x.numpy()})[0]
    np.save(os.path.join(folder, "x.npy"), x.numpy())
    np.save(os.path.join(folder, "y.npy"), y)
    return f"{how} {size} torch-ort {np.abs(t - y).max() / np.abs(y).max():.1e}"


if __name__ == "__main__":
    root, names = sys.argv[1], sys.argv[2:]
    for name in names or ["tv." + n for n in VISION] + ["timm." + n for n in TIMM]:
        try:
            print(name, make(name, os.path.join(root, name)), flush=True)
        except Exception as e:
            print(name, "cannot be exported:", repr(e)[:200].replace("\n", " "), flush=True)
